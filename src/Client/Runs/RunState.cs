using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The state of a run.</summary>
[JsonConverter(typeof(WireEnumConverter<RunState>))]
public enum RunState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>It waits for the runs before it.</summary>
    Queued,

    /// <summary>Its code is running.</summary>
    Running,

    /// <summary>It has ended.</summary>
    Ended,
}
