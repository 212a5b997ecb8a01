using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The state of a sandbox.</summary>
[JsonConverter(typeof(WireEnumConverter<SandboxState>))]
public enum SandboxState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>It accepts runs and file calls.</summary>
    Ready,

    /// <summary>It is being ended and accepts no new runs.</summary>
    Ending,

    /// <summary>It was deleted or has expired.</summary>
    Ended,

    /// <summary>Its host or container is gone.</summary>
    Lost,
}

/// <summary>Why a sandbox ended.</summary>
[JsonConverter(typeof(WireEnumConverter<SandboxEndReason>))]
public enum SandboxEndReason
{
    /// <summary>A reason that this version does not know.</summary>
    Unknown,

    /// <summary>It was deleted.</summary>
    Deleted,

    /// <summary>It reached the end of its lifetime.</summary>
    Expired,

    /// <summary>It was idle for longer than its idle timeout.</summary>
    Idle,

    /// <summary>Its host or container is gone.</summary>
    Lost,

    /// <summary>A run could not be ended, neither at its timeout nor by a kill.</summary>
    Stuck,

    /// <summary>Its memory was full, and the kernel ended all of it.</summary>
    Oom,
}
