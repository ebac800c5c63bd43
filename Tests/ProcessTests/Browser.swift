import Foundation

/// Chromium without a window, which loads pages of the load generator.
enum Browser {
    /// What a page looks like from the inside: Tests/Peers/measure-page.js.
    struct Findings: Decodable {
        /// What a reader would stumble over.
        let problems: [String]
        let plots: Int
        let shapes: Int
        let texts: Int
        let isDark: Bool
        let background: String
    }

    /// What came of loading a page.
    struct Visit {
        let findings: Findings
        /// What the page said to its console.
        let console: [String]
        /// The picture, as PNG.
        let screenshot: Data
    }

    /// Loads a page in a window of this width, high enough for all of it.
    static func visit(_ html: String, isDark: Bool, width: Int = 1_200) async throws -> Visit {
        let folder = try TemporaryFolder()
        let measure = try String(contentsOf: Programs.peer("measure-page.js"), encoding: .utf8)
        let page = html.replacing("</body>", with: "<script>\(measure)</script></body>")
        let path = try folder.write(page, to: "page.html")
        let options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--user-data-dir=\(folder.path("profile"))",
            "--enable-logging=stderr", "--window-size=\(width),3600",
            // 0 is dark, 1 is light.
            "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)",
            "--screenshot=\(folder.path("page.png"))", "--dump-dom", "file://\(path)",
        ]
        let ending = try await RunningProgram.run(Programs.browser, options)
        guard ending.status == 0,
            let encoded = ending.output.firstMatch(of: /id="findings"[^>]*>([A-Za-z0-9+\/=]+)</)?.1,
            let json = Data(base64Encoded: String(encoded))
        else {
            throw RunningProgram.Failure(description: "Chromium did not load the page\n\(ending.errors)")
        }
        return Visit(
            findings: try JSONDecoder().decode(Findings.self, from: json),
            console: ending.errors.split(separator: "\n").filter { $0.contains(":CONSOLE") }.map(String.init),
            screenshot: try Data(contentsOf: folder.url.appending(path: "page.png"))
        )
    }
}
