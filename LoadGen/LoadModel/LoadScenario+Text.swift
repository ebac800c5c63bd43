import TextValues

extension LoadScenario {
    /// How many connections there are, or how long they begin: `5000 connections`, `connections for 10s`.
    var extentText: String {
        let connections = connections.map { "\($0) connections" } ?? "connections"
        return duration.map { "\(connections) for \(DurationText.format($0))" } ?? connections
    }

    /// How they begin: `at 1000/s`, `with 50 at a time`.
    var paceText: String {
        switch pace {
        case .open(let rate): "at \(DecimalText.format(rate, places: rate.rounded() == rate ? 0 : 2))/s"
        case .closed(let concurrency): "with \(concurrency) at a time"
        }
    }
}
