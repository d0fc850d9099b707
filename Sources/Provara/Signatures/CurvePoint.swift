// Points of edwards25519 (RFC 8032, section 5.1) in extended coordinates, with the one addition
// that is right for every pair of points.

/// A point as (X : Y : Z : T) with x = X/Z, y = Y/Z, xy = T/Z. The coordinates have tight limbs.
struct CurvePoint: Sendable {
    var x: FieldElement
    var y: FieldElement
    var z: FieldElement
    var t: FieldElement

    static let identity = CurvePoint(x: .zero, y: .one, z: .one, t: .zero)

    /// The base point.
    static let base =
        CurvePoint(
            encoded: [0x58] + [UInt8](repeating: 0x66, count: 31)) ?? identity

    init(x: FieldElement, y: FieldElement, z: FieldElement, t: FieldElement) {
        self.x = x
        self.y = y
        self.z = z
        self.t = t
    }

    /// - Returns: `nil` for 32 bytes that are no point.
    init?(encoded: [UInt8]) {
        let y = FieldElement(encoded)
        let square = y * y
        let u = (square - .one) * .one
        let v = square * .d + .one
        let v3 = v.squared() * v
        let uv3 = u * v3
        var x = uv3 * (uv3 * v3 * v).rootPower
        let check = v * x.squared()
        if check.bytes != u.bytes {
            guard check.bytes == ((.zero - u) * .one).bytes else { return nil }
            x = x * .rootOfMinusOne
        }
        if x.bytes[0] & 1 != encoded[31] >> 7 { x = (.zero - x) * .one }
        self.init(x: x, y: y, z: .one, t: x * y)
    }

    /// The point with the other sign.
    var negative: CurvePoint {
        CurvePoint(x: (.zero - x) * .one, y: y, z: z, t: (.zero - t) * .one)
    }

    /// The sum of any two points, also of one with itself.
    static func + (left: CurvePoint, right: CurvePoint) -> CurvePoint {
        let a = (left.y - left.x) * (right.y - right.x)
        let b = (left.y + left.x) * (right.y + right.x)
        let c = left.t * .twoD * right.t
        let half = left.z * right.z
        return CurvePoint(a, b, c, twiceZ: half + half)
    }

    /// The last step of every addition.
    @inline(__always)
    init(_ a: FieldElement, _ b: FieldElement, _ c: FieldElement, twiceZ d: FieldElement) {
        let e = b - a
        let f = d - c
        let g = d + c
        let h = b + a
        self.init(x: e * f, y: g * h, z: f * g, t: e * h)
    }

    /// The 32 bytes of RFC 8032.
    var encoded: [UInt8] {
        let inverse = z.inverse
        var bytes = (y * inverse).bytes
        bytes[31] |= ((x * inverse).bytes[0] & 1) << 7
        return bytes
    }
}

/// A point as y + x, y - x and 2dxy, which is what an addition of it takes.
struct AddedPoint: Sendable {
    let sum: FieldElement
    let difference: FieldElement
    let product: FieldElement

    /// - Parameter inverse: one over the point's Z.
    init(_ point: CurvePoint, inverse: FieldElement) {
        let x = point.x * inverse
        let y = point.y * inverse
        // Multiplied by one to have tight limbs again.
        sum = (y + x) * .one
        difference = (y - x) * .one
        product = x * y * .twoD
    }
}

extension CurvePoint {
    @inline(__always)
    mutating func add(_ point: AddedPoint) {
        let a = (y - x) * point.difference
        let b = (y + x) * point.sum
        let c = t * point.product
        self = CurvePoint(a, b, c, twiceZ: z + z)
    }

    @inline(__always)
    mutating func subtract(_ point: AddedPoint) {
        let a = (y - x) * point.sum
        let b = (y + x) * point.difference
        let c = .zero - t * point.product
        self = CurvePoint(a, b, c, twiceZ: z + z)
    }
}
