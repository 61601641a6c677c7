"""What can go wrong with a decoder as a whole. What goes wrong with a record is a verdict."""


class DastapError(Exception):
    """Base of this package's errors."""


class ConfigError(DastapError):
    """A setting is wrong. The text names it, and says what was expected."""


class SandboxError(DastapError):
    """The sandbox cannot run here, or gave no answer where no record can be blamed."""


class KeyringError(DastapError):
    """A keyring file was not accepted. The text shows nothing of its content."""
