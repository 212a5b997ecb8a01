namespace Podflare.Runs;

/// <summary>What a run executes.</summary>
[GenerateSerializer, Alias("podflare.RunKind")]
public enum RunKind
{
    /// <summary>Code in a context, or in a fresh bash process.</summary>
    Code,

    /// <summary>A process of its own, optionally on a terminal. It starts at once.</summary>
    Process,

    /// <summary>Reports changes of files below a path.</summary>
    Watch,

    /// <summary>Output that arrives after the end of the runs that wrote it. One per sandbox; it ends with the sandbox.</summary>
    Background,

    /// <summary>A record of a newer version names one that this version does not know.</summary>
    Unknown,
}
