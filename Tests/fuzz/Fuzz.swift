import FuzzTargets
import Glibc

/// Which part is fed, by the environment: libFuzzer takes the arguments.
private let target: FuzzTarget = {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = unsafe getenv("QUICHARNESS_FUZZ_TARGET").map({ unsafe String(cString: $0) }),
        let target = FuzzTarget(rawValue: name)
    else {
        say("set QUICHARNESS_FUZZ_TARGET to one of \(names)")
        exit(64)
    }
    return target
}()

/// Called by libFuzzer with one input after the other, and ends the process at the first that breaks a promise.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        say("\(error)")
        abort()
    }
    return 0
}

private func say(_ text: String) {
    let line = Array("fuzz: \(text)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
}
