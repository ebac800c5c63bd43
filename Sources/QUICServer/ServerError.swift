public import QUICWorkers

/// Why a server could not start, or had to stop.
public typealias ServerError = WorkerError
