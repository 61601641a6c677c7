package io.github.dastap;

import com.sun.jna.Callback;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/** The functions of {@code dastap.h}: a size is a {@code long}, an enum an {@code int}, every struct a pointer. */
final class Library {
    /** With its version, which is that of the interface. */
    private static final String FILE = "libdastap.so." + Layout.ABI_VERSION;

    private static boolean isLoaded;

    /** {@code dastap_decrypt_key}. */
    interface DecryptKey extends Callback {
        int decrypt(Pointer userData, Pointer request, Pointer answer);
    }

    static native int dastap_abi_version();

    static native int dastap_open(Pointer config, long configLength, Pointer decoder, Pointer error);

    static native int dastap_open_with_keys(
            Pointer config, long configLength, DecryptKey decrypt, Pointer userData, Pointer decoder, Pointer error);

    static native int dastap_decode(
            Pointer decoder,
            Pointer records,
            long recordsLength,
            Pointer resource,
            long resourceLength,
            Pointer result,
            Pointer error);

    static native void dastap_result_free(Pointer result);

    static native void dastap_close(Pointer decoder);

    /** Finds the library in {@code jna.library.path}, where the system looks, or in the jar. */
    static synchronized void load() {
        if (isLoaded) {
            return;
        }
        try {
            if (Native.POINTER_SIZE != 8 || Native.SIZE_T_SIZE != 8) {
                throw cannotRun("expected a Java of 64 bits, found one of " + 8 * Native.POINTER_SIZE, null);
            }
            Native.register(Library.class, NativeLibrary.getInstance(FILE, Library.class.getClassLoader()));
        } catch (LinkageError error) {
            throw cannotRun(
                    "cannot load " + FILE + ": expected it for this system in dastap's jar, or in the folder that the "
                            + "property jna.library.path names: " + error.getMessage(),
                    error);
        }
        int version = dastap_abi_version();
        if (version != Layout.ABI_VERSION) {
            Native.unregister(Library.class);
            throw cannotRun(
                    "expected a " + FILE + " with interface " + Layout.ABI_VERSION + ", found " + version
                            + ": take library and jar of the same version",
                    null);
        }
        isLoaded = true;
    }

    private static DastapException cannotRun(String problem, Throwable cause) {
        return new DastapException(DastapException.Code.SANDBOX, problem, cause);
    }

    private Library() {}
}
