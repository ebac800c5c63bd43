import Glibc

/// Programs that are started, and waited for, for what they print.
enum Subprocess {
    /// The path of the program that runs.
    static var thisProgram: String {
        get throws {
            let path = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
                guard let start = buffer.baseAddress else { return "" }
                let count = unsafe readlink("/proc/self/exe", start, buffer.count)
                return unsafe String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            guard !path.isEmpty else { throw BenchmarkError("this program's own path is not known") }
            return path
        }
    }

    /// What a program prints on both of its outputs; throws when it does not exit with 0.
    static func output(of words: [String]) throws -> String {
        let command = words.map(quoted).joined(separator: " ")
        guard let pipe = unsafe popen("exec \(command) 2>&1", "r") else {
            throw BenchmarkError("\(words[0]) could not be started")
        }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = unsafe fread(&buffer, 1, buffer.count, pipe), count > 0 { text += buffer[..<count] }
        let output = String(decoding: text, as: UTF8.self)
        guard unsafe pclose(pipe) == 0 else { throw BenchmarkError("\(command) failed:\n\(output)") }
        return output
    }

    /// `word` as one word of the shell.
    private static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
