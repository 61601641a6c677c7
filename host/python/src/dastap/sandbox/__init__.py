"""The sandbox: wasmtime, the component, and warm instances of it.

Nothing is linked but `keys.decrypt`. `component.py` finds and compiles the component, `limits.py` says what a call may
cost, `keys_import.py` is the one import, `instance.py` one store with its transform, `instances.py` the warm ones,
`portions.py` batches that are too large for one call, `fault.py` what it means when there is no answer.
"""
