//! What the operations mean, one byte after the other.

pub(super) type Vector = [u8; 16];

pub(super) fn load(bytes: [u8; 16]) -> Vector {
    bytes
}

pub(super) fn store(vector: Vector) -> [u8; 16] {
    vector
}

pub(super) fn all(byte: u8) -> Vector {
    [byte; 16]
}

pub(super) fn equal(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| if a == b { 0xff } else { 0 })
}

pub(super) fn least(a: Vector, b: Vector) -> Vector {
    zip(a, b, u8::min)
}

pub(super) fn and(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a & b)
}

pub(super) fn or(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a | b)
}

pub(super) fn xor(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a ^ b)
}

pub(super) fn lookup(table: Vector, indices: Vector) -> Vector {
    indices.map(|index| table.get(usize::from(index)).copied().unwrap_or(0))
}

pub(super) fn bits<const BIT: u32>(vector: Vector) -> u16 {
    vector.iter().rev().fold(0, |bits, byte| bits << 1 | u16::from(byte >> BIT & 1))
}

pub(super) fn is_zero(vector: Vector) -> bool {
    vector == [0; 16]
}

pub(super) fn add(a: Vector, b: Vector) -> Vector {
    zip(a, b, u8::wrapping_add)
}

pub(super) fn less(a: Vector, b: Vector) -> Vector {
    zip(a, b, u8::saturating_sub)
}

pub(super) fn behind<const COUNT: usize>(vector: Vector, last: Vector) -> Vector {
    let mut bytes = last.into_iter().skip(const { 16 - COUNT }).chain(vector);
    [0; 16].map(|_| bytes.next().unwrap_or(0))
}

pub(super) fn high_halves(vector: Vector) -> Vector {
    vector.map(|byte| byte >> 4)
}

pub(super) fn join_sextets(sextets: Vector) -> Vector {
    let mut joined = [0; 16];
    for ([a, b, c, d], three) in sextets.as_chunks::<4>().0.iter().zip(joined.as_chunks_mut::<3>().0) {
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    joined
}

fn zip(mut a: Vector, b: Vector, operation: fn(u8, u8) -> u8) -> Vector {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = operation(*a, b));
    a
}
