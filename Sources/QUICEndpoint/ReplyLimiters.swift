/// One token bucket for each kind of reply that is sent without a connection, so that none can be used to flood.
struct ReplyLimiters {
    var versionNegotiation: TokenBucket
    var retry: TokenBucket
    var refusal: TokenBucket
    var reset: TokenBucket

    init(perSecond: Int) {
        let bucket = TokenBucket(perSecond: perSecond, burst: max(1, perSecond / 2))
        versionNegotiation = bucket
        retry = bucket
        refusal = bucket
        reset = bucket
    }
}
