// Multiples of one point, so that any multiple of it is a sum of some of them without a doubling.
// Worth its making for a point that is multiplied many times: a key that signed hundreds of events.

/// The multiples 1 to 32 of a point times 64^i, for i from 0 to 42.
struct PointTable: Sendable {
    /// Bits that one step takes.
    private static let width = 6
    private static let half = 1 << (width - 1)
    private static let steps = 43

    private let points: [AddedPoint]

    /// The table of the base point.
    static let base = PointTable(.base)

    init(_ point: CurvePoint) {
        var multiples: [CurvePoint] = []
        multiples.reserveCapacity(Self.steps * Self.half)
        var unit = point
        for _ in 0..<Self.steps {
            var multiple = unit
            for _ in 0..<Self.half {
                multiples.append(multiple)
                multiple = multiple + unit
            }
            for _ in 0..<Self.width { unit = unit + unit }
        }
        points = Self.normalised(multiples)
    }

    /// All of them over their Z, with one inversion.
    private static func normalised(_ multiples: [CurvePoint]) -> [AddedPoint] {
        var products: [FieldElement] = []
        products.reserveCapacity(multiples.count)
        var product = FieldElement.one
        for multiple in multiples {
            products.append(product)
            product = product * multiple.z
        }
        var inverse = product.inverse
        var points: [AddedPoint] = []
        points.reserveCapacity(multiples.count)
        for index in multiples.indices.reversed() {
            points.append(AddedPoint(multiples[index], inverse: inverse * products[index]))
            inverse = inverse * multiples[index].z
        }
        return points.reversed()
    }

    /// Adds the point's multiple by a scalar below 2^255 to a sum.
    func add(_ scalar: [UInt8], to sum: inout CurvePoint) {
        var carry = 0
        for step in 0..<Self.steps {
            // Six bits at a place, which may lie in two bytes.
            let bit = step * Self.width
            let low = Int(scalar[bit / 8])
            let high = bit / 8 + 1 < 32 ? Int(scalar[bit / 8 + 1]) : 0
            var digit = (low | high << 8) >> (bit % 8) & (2 * Self.half - 1)
            digit += carry
            carry = digit > Self.half ? 1 : 0
            digit -= carry * 2 * Self.half
            if digit > 0 {
                sum.add(points[step * Self.half + digit - 1])
            } else if digit < 0 {
                sum.subtract(points[step * Self.half - digit - 1])
            }
        }
    }
}
