/**
 * AWS Database Activity Streams, decoded: encrypted records in, event lines out.
 *
 * <p>{@link io.github.dastap.Decoder} is {@code libdastap}, the C library, through JNA; its settings are those of the
 * dastap program. Untrusted bytes are read in the library's WebAssembly sandbox only.
 */
package io.github.dastap;
