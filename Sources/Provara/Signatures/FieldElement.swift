// Numbers modulo 2^255 - 19 in five limbs of 51 bits, for checking signatures only: nothing secret
// is ever in one, so nothing here takes care to run in constant time.
//
// Bounds. "Tight" limbs are below 2^51 + 2^13: what `*`, `inverse` and decoding give. The right
// side of a difference has limbs of at most 4p (tight ones, or zero minus tight ones); a sum or
// difference of such numbers is below 2^54. `*` takes limbs below 2^54: its column sums stay below
// 5 * 19 * 2^108 < 2^115, far from 2^128.

/// A number modulo 2^255 - 19.
struct FieldElement: Sendable {
    var a: UInt64
    var b: UInt64
    var c: UInt64
    var d: UInt64
    var e: UInt64

    private static let mask: UInt64 = (1 << 51) - 1

    static let zero = FieldElement(a: 0, b: 0, c: 0, d: 0, e: 0)
    static let one = FieldElement(a: 1, b: 0, c: 0, d: 0, e: 0)

    @inline(__always)
    static func + (left: FieldElement, right: FieldElement) -> FieldElement {
        FieldElement(
            a: left.a &+ right.a, b: left.b &+ right.b, c: left.c &+ right.c,
            d: left.d &+ right.d, e: left.e &+ right.e)
    }

    /// Adds 4p first, so that no limb falls below zero.
    @inline(__always)
    static func - (left: FieldElement, right: FieldElement) -> FieldElement {
        let low: UInt64 = 4 * ((1 << 51) - 19)
        let high: UInt64 = 4 * ((1 << 51) - 1)
        return FieldElement(
            a: left.a &+ low &- right.a, b: left.b &+ high &- right.b,
            c: left.c &+ high &- right.c, d: left.d &+ high &- right.d,
            e: left.e &+ high &- right.e)
    }

    @inline(__always)
    static func * (x: FieldElement, y: FieldElement) -> FieldElement {
        let y1 = y.b &* 19
        let y2 = y.c &* 19
        let y3 = y.d &* 19
        let y4 = y.e &* 19
        let s0 =
            wide(x.a, y.a) &+ wide(x.b, y4) &+ wide(x.c, y3) &+ wide(x.d, y2) &+ wide(x.e, y1)
        let s1 =
            wide(x.a, y.b) &+ wide(x.b, y.a) &+ wide(x.c, y4) &+ wide(x.d, y3) &+ wide(x.e, y2)
        let s2 =
            wide(x.a, y.c) &+ wide(x.b, y.b) &+ wide(x.c, y.a) &+ wide(x.d, y4) &+ wide(x.e, y3)
        let s3 =
            wide(x.a, y.d) &+ wide(x.b, y.c) &+ wide(x.c, y.b) &+ wide(x.d, y.a) &+ wide(x.e, y4)
        let s4 =
            wide(x.a, y.e) &+ wide(x.b, y.d) &+ wide(x.c, y.c) &+ wide(x.d, y.b) &+ wide(x.e, y.a)
        return carried(s0, s1, s2, s3, s4)
    }

    /// `self * self` with the products that come twice taken once.
    @inline(__always)
    private var square: FieldElement {
        let (a2, b2, d19, e19) = (a &* 2, b &* 2, d &* 19, e &* 19)
        let (d38, e38) = (d19 &* 2, e19 &* 2)
        return Self.carried(
            Self.wide(a, a) &+ Self.wide(b, e38) &+ Self.wide(c, d38),
            Self.wide(a2, b) &+ Self.wide(c, e38) &+ Self.wide(d, d19),
            Self.wide(a2, c) &+ Self.wide(b, b) &+ Self.wide(d, e38),
            Self.wide(a2, d) &+ Self.wide(b2, c) &+ Self.wide(e, e19),
            Self.wide(a2, e) &+ Self.wide(b2, d) &+ Self.wide(c, c))
    }

    @inline(__always)
    private static func wide(_ x: UInt64, _ y: UInt64) -> UInt128 {
        let (high, low) = x.multipliedFullWidth(by: y)
        return UInt128(high) &<< 64 | UInt128(low)
    }

    @inline(__always)
    private static func carried(
        _ s0: UInt128, _ s1: UInt128, _ s2: UInt128, _ s3: UInt128, _ s4: UInt128
    ) -> FieldElement {
        let t1 = s1 &+ (s0 &>> 51)
        let t2 = s2 &+ (t1 &>> 51)
        let t3 = s3 &+ (t2 &>> 51)
        let t4 = s4 &+ (t3 &>> 51)
        // s4 has no factor 19 in it and stays below 2^111, so the top carry is below 2^60 and 19
        // times it below 2^64.
        let a =
            (UInt64(truncatingIfNeeded: s0) & mask)
            &+ UInt64(truncatingIfNeeded: t4 &>> 51) &* 19
        return FieldElement(
            a: a & mask,
            b: (UInt64(truncatingIfNeeded: t1) & mask) &+ (a &>> 51),
            c: UInt64(truncatingIfNeeded: t2) & mask,
            d: UInt64(truncatingIfNeeded: t3) & mask,
            e: UInt64(truncatingIfNeeded: t4) & mask)
    }
}

// MARK: - Powers and bytes

extension FieldElement {
    /// The d of the curve's equation, twice it, and a square root of minus one.
    static let d = FieldElement(
        a: 929_955_233_495_203, b: 466_365_720_129_213, c: 1_662_059_464_998_953,
        d: 2_033_849_074_728_123, e: 1_442_794_654_840_575)
    static let twoD = FieldElement(
        a: 1_859_910_466_990_425, b: 932_731_440_258_426, c: 1_072_319_116_312_658,
        d: 1_815_898_335_770_999, e: 633_789_495_995_903)
    static let rootOfMinusOne = FieldElement(
        a: 1_718_705_420_411_056, b: 234_908_883_556_509, c: 2_233_514_472_574_048,
        d: 2_117_202_627_021_982, e: 765_476_049_583_133)

    /// Squared so many times. For limbs below 2^53.
    func squared(_ times: Int = 1) -> FieldElement {
        var value = self
        for _ in 0..<times { value = value.square }
        return value
    }

    /// This to the power 2^250 - 1, and to the power 11, from which the two powers below are one
    /// step.
    private var chain: (power250: FieldElement, power11: FieldElement) {
        let p2 = squared()
        let p9 = p2.squared(2) * self
        let p11 = p9 * p2
        let p5 = p11.squared() * p9
        let p10 = p5.squared(5) * p5
        let p20 = p10.squared(10) * p10
        let p40 = p20.squared(20) * p20
        let p50 = p40.squared(10) * p10
        let p100 = p50.squared(50) * p50
        let p200 = p100.squared(100) * p100
        return (p200.squared(50) * p50, p11)
    }

    /// One over this; zero of zero.
    var inverse: FieldElement {
        let (power250, power11) = chain
        return power250.squared(5) * power11
    }

    /// This to the power (p - 5) / 8, from which square roots come.
    var rootPower: FieldElement { chain.power250.squared(2) * self }

    /// Reads 32 bytes, least first, without the topmost bit.
    init(_ bytes: [UInt8]) {
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
        }
        let mask = Self.mask
        a = word(0) & mask
        b = word(6) >> 3 & mask
        c = word(12) >> 6 & mask
        d = word(19) >> 1 & mask
        e = word(24) >> 12 & mask
    }

    /// The one encoding in 32 bytes of what is below p. For tight limbs.
    var bytes: [UInt8] {
        var limbs = [a, b, c, d, e]
        // How often p fits in: once at most, for what is carried already.
        for _ in 0..<2 {
            for index in 0..<4 {
                limbs[index + 1] += limbs[index] >> 51
                limbs[index] &= Self.mask
            }
            limbs[0] += 19 * (limbs[4] >> 51)
            limbs[4] &= Self.mask
        }
        var carry = (limbs[0] + 19) >> 51
        for index in 1..<5 { carry = (limbs[index] + carry) >> 51 }
        limbs[0] += 19 * carry
        for index in 0..<4 {
            limbs[index + 1] += limbs[index] >> 51
            limbs[index] &= Self.mask
        }
        limbs[4] &= Self.mask
        var bytes: [UInt8] = []
        var held: UInt128 = 0
        var bits: UInt128 = 0
        for limb in limbs {
            held |= UInt128(limb) << bits
            bits += 51
            while bits >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: held))
                held >>= 8
                bits -= 8
            }
        }
        bytes.append(UInt8(truncatingIfNeeded: held))
        return bytes
    }
}
