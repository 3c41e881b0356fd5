//! Drivers and backends that are broken on purpose. The simulator is worth something only if it finds each of them.

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A record is said to be written though its number was taken.
    SkipsTheCondition,
    /// The cue is taken off the queue as soon as the record is committed, before what follows from it is sent.
    AcksBeforeSend,
    /// Writes from outside have no cue behind them.
    SendsNoSpareCue,
    /// The claim is written when the call has been made.
    ClaimsAfterTheCall,
    /// A join counts the ends that it is told of, instead of which children ended.
    CountsJoins,
    /// Timers and waits end before their time.
    TimersAreEarly,
    /// A token answers whatever its scope waits for.
    TokensFitAnyAttempt,
    /// What follows from a record is sent by whoever wrote it, and by nobody again.
    FollowsOnce,
    /// A claim holds for ever.
    ClaimsNeverExpire,
    /// An accepted answer may be lost in a crash.
    AcceptsBeforeItIsDurable,
}

impl Mutant {
    pub const ALL: [Mutant; 10] = [
        Mutant::SkipsTheCondition,
        Mutant::AcksBeforeSend,
        Mutant::SendsNoSpareCue,
        Mutant::ClaimsAfterTheCall,
        Mutant::CountsJoins,
        Mutant::TimersAreEarly,
        Mutant::TokensFitAnyAttempt,
        Mutant::FollowsOnce,
        Mutant::ClaimsNeverExpire,
        Mutant::AcceptsBeforeItIsDurable,
    ];
}
