using System.Collections.Immutable;
using Podflare.Runs;

namespace Podflare.Contexts;

/// <summary>A context to create.</summary>
/// <param name="Id">Null lets the sandbox choose one.</param>
/// <param name="Language">Python; or bash: each of its runs is a process of its own, and they share a queue, a folder and variables.</param>
/// <param name="Cwd">Absolute path; null for the home directory.</param>
/// <param name="Env">Variables of its runs, beside the sandbox's. Sent to the guest, never stored or logged.</param>
[GenerateSerializer, Immutable, Alias("podflare.ContextSpec")]
public sealed record ContextSpec(
    [property: Id(0)] ContextId? Id,
    [property: Id(1)] RunLanguage Language,
    [property: Id(2)] string? Cwd,
    [property: Id(3)] ImmutableSortedDictionary<string, string> Env);
