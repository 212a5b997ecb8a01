using System.ComponentModel.DataAnnotations;

namespace Podflare.Runs;

/// <summary>Limits of the tools that the code of a run may call. Section <c>Podflare:Tools</c>.</summary>
public sealed class ToolOptions
{
    public const string Section = "Podflare:Tools";

    /// <summary>Tools of one run. The guest allows no more than 64. Default: 64.</summary>
    [Range(1, 64)]
    public int MaxTools { get; set; } = 64;

    /// <summary>The definitions of one run's tools, in bytes of JSON. Default: 64 KiB.</summary>
    [Range(1024, 64 * 1024)]
    public int MaxDefinitionBytes { get; set; } = 64 * 1024;

    /// <summary>Calls of one run that wait for an answer, and answers in one request; one more call raises <c>ToolError</c> in the code. Default: 16.</summary>
    [Range(1, 64)]
    public int MaxOpen { get; set; } = 16;

    /// <summary>Calls of one run in all; one more raises <c>ToolError</c> in the code. Default: 100.</summary>
    [Range(1, 10_000)]
    public int MaxPerRun { get; set; } = 100;

    /// <summary>The arguments of one call, and one answer, in bytes of JSON. Larger arguments raise <c>ToolError</c> in the code; a larger answer gets 413. Default: 1 MiB.</summary>
    [Range(1024, 1024 * 1024)]
    public int MaxBytes { get; set; } = 1024 * 1024;

    /// <summary>How long a call waits for its answer where the request names no time, in seconds. Default: 60.</summary>
    [Range(1, 86_400)]
    public int TimeoutSeconds { get; set; } = 60;
}
