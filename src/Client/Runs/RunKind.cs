using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>What kind of run it is.</summary>
[JsonConverter(typeof(WireEnumConverter<RunKind>))]
public enum RunKind
{
    /// <summary>A kind that this version does not know.</summary>
    Unknown,

    /// <summary>Python or bash code.</summary>
    Code,

    /// <summary>A process, with or without a terminal.</summary>
    Process,

    /// <summary>It reports changes of files.</summary>
    Watch,

    /// <summary>The output that ended runs still produce. Each sandbox has one such run.</summary>
    Background,
}
