"""Calls into the component, with values handed over in the fewest steps.

The conversions of the `wasmtime` package read the type of each value anew and copy each text twice more, which takes
longer than the decoding. So arguments and answers are put into and taken out of the C API's values here. Its Python
declarations are private to that package, therefore its major version is pinned, and a test compares the answers with
those of the package's own conversions.
"""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Union

from wasmtime import Store, WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime.component import Func, ResourceAny

Value = ffi.wasmtime_component_val_t
"""A value of the C API: its kind, and a union of what it may be."""
SIZE = ctypes.sizeof(Value)
STRING_AT = Value.of.offset
"""Where in a value its string is: the union begins there."""
LONG = 4096
"""A text of more bytes is decoded where it lies, not copied first."""

# The same function as in the package, but it takes Python's bytes as they are.
_new_string = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)(
    ("wasm_byte_vec_new", ffi.dll)
)


class Option(NamedTuple):
    """An argument of type `option<string>`."""

    text: Optional[bytes]


Argument = Union[ResourceAny, bytes, List[bytes], Option]
"""A borrowed resource, a string, a list of strings, an option. All bytes must be UTF-8: the C API aborts on others."""


def call(function: Func, store: Store, arguments: List[Argument]) -> Any:
    """The answer: records as dictionaries, variants and their like as pairs of name and payload. Raises
    `WasmtimeError`."""
    lowered = (Value * len(arguments))()
    answer = Value()
    done = 0
    try:
        for argument, value in zip(arguments, lowered):
            _lower(argument, value)
            done += 1
        error = ffi.wasmtime_component_func_call(
            ctypes.byref(function._func), store._context(), lowered, done, ctypes.byref(answer), 1
        )
        if error:
            raise WasmtimeError._from_ptr(error)
        try:
            return _lift(answer)
        finally:
            ffi.wasmtime_component_val_delete(ctypes.byref(answer))
    finally:
        for value in lowered[:done]:
            ffi.wasmtime_component_val_delete(ctypes.byref(value))


def _lower(argument: Argument, value: Any) -> None:
    if isinstance(argument, bytes):
        value.kind = ffi.WASMTIME_COMPONENT_STRING
        _new_string(ctypes.addressof(value) + STRING_AT, len(argument), argument)
    elif isinstance(argument, list):
        ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(value.of.list), len(argument))
        value.kind = ffi.WASMTIME_COMPONENT_LIST
        if argument:
            first = ctypes.addressof(value.of.list.data.contents)
            for element, text in zip((Value * len(argument)).from_address(first), argument):
                element.kind = ffi.WASMTIME_COMPONENT_STRING
                _new_string(first + STRING_AT, len(text), text)
                first += SIZE
    elif isinstance(argument, Option):
        value.kind = ffi.WASMTIME_COMPONENT_OPTION
        value.of.option = None
        if argument.text is not None:
            inner = Value()
            _lower(argument.text, inner)
            value.of.option = ffi.wasmtime_component_val_new(ctypes.byref(inner))
    else:
        value.kind = ffi.WASMTIME_COMPONENT_RESOURCE
        value.of.resource = ffi.wasmtime_component_resource_any_clone(argument.ptr())


def _lift(value: Any) -> Any:
    return _LIFT[value.kind](value.of)


def _text(string: Any) -> str:
    size = string.size
    if size == 0:
        return ""
    address = ctypes.addressof(string.data.contents)
    if size < LONG:
        return ctypes.string_at(address, size).decode()
    return str((ctypes.c_char * size).from_address(address), "utf-8")


def _record(of: Any) -> Dict[str, Any]:
    entries = of.record
    data = entries.data
    return {_text(entry.name): _lift(entry.val) for entry in (data[index] for index in range(entries.size))}


def _elements(values: Any) -> List[Any]:
    data = values.data
    return [_lift(data[index]) for index in range(values.size)]


def _variant(of: Any) -> Any:
    variant = of.variant
    return _text(variant.discriminant), _lift(variant.val.contents) if variant.val else None


_LIFT: Dict[int, Callable[[Any], Any]] = {
    ffi.WASMTIME_COMPONENT_BOOL.value: lambda of: bool(of.boolean),
    ffi.WASMTIME_COMPONENT_U32.value: lambda of: int(of.u32),
    ffi.WASMTIME_COMPONENT_STRING.value: lambda of: _text(of.string),
    ffi.WASMTIME_COMPONENT_LIST.value: lambda of: _elements(of.list),
    ffi.WASMTIME_COMPONENT_RECORD.value: _record,
    ffi.WASMTIME_COMPONENT_TUPLE.value: lambda of: tuple(_elements(of.tuple)),
    ffi.WASMTIME_COMPONENT_VARIANT.value: _variant,
    ffi.WASMTIME_COMPONENT_ENUM.value: lambda of: _text(of.enumeration),
}
