import Testing

/// Real processes that are watched for a minute each, and mostly wait meanwhile: one test at a time, beside
/// ``RealProcesses``.
@Suite(.serialized, .timeLimit(.minutes(2)))
enum PatientProcesses {}
