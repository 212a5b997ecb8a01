using System.Text.Json.Serialization;
using Podflare.Http;

namespace Podflare.Hosts;

/// <summary>The JSON representation of a host.</summary>
/// <param name="Id">8 hexadecimal digits.</param>
/// <param name="Name">The name of the machine; null from a host that does not answer.</param>
/// <param name="State"><c>ready</c>, <c>starting</c>, <c>cordoned</c>, <c>draining</c>, <c>unwell</c> or <c>away</c>.</param>
/// <param name="Problem">Why it is unwell.</param>
/// <param name="Isolation">The state of each layer around its sandboxes: <c>ok</c>, <c>missing</c> or <c>unknown</c>.</param>
/// <param name="IsolationNotes">What is known about layers that are not <c>ok</c>.</param>
/// <param name="MemoryMib">Sum of the memory limits of sandboxes that it accepts.</param>
/// <param name="MemoryUsed">The part of it that is promised, from 0 to 1.</param>
/// <param name="Overcommit">How many times its memory it promises.</param>
/// <param name="LastSeen">When it last answered this server.</param>
internal sealed record HostJson(
    string Id,
    string? Name,
    string State,
    string? Problem,
    IReadOnlyDictionary<string, string>? Isolation,
    IReadOnlyDictionary<string, string>? IsolationNotes,
    int? Sandboxes,
    int? Slots,
    int? Waiting,
    long? MemoryMib,
    double? MemoryUsed,
    double? Overcommit,
    IReadOnlyList<PoolJson>? Pools,
    string? Version,
    string? LastSeen)
{
    /// <param name="load">Null from a host that does not answer.</param>
    /// <param name="seen">When it last answered; null if it never has.</param>
    public static HostJson Of(string id, HostLoad? load, DateTimeOffset? seen) => load is null
        ? new HostJson(id, null, "away", null, null, null, null, null, null, null, null, null, null, null, Text(seen))
        : new HostJson(
            id, load.Name, StateOf(load), load.Problem,
            load.Isolation?.Worst.ToDictionary(layer => layer.Layer, layer => NameOf(layer.Status)),
            load.Isolation?.Worst.Where(layer => layer is { Status: not LayerStatus.Ok, Text.Length: > 0 }).ToDictionary(layer => layer.Layer, layer => layer.Text),
            load.Sandboxes, load.Slots, load.Waiting, load.MemoryBytes >> 20, Math.Round(load.MemoryUsed, 4), load.Overcommit,
            [.. load.Parked.Keys.Union(load.Pools.Keys).Order(StringComparer.Ordinal).Select(template => PoolJson.Of(template, load))], load.Version, Text(seen));

    private static string? Text(DateTimeOffset? time) => time is { } at ? Timestamps.ToRfc3339(at) : null;

    private static string StateOf(HostLoad load) => load switch
    {
        { Draining: true } or { Mode: HostMode.Draining } => "draining",
        { Mode: HostMode.Cordoned } => "cordoned",
        { Slots: 0 } => "starting",
        { Problem: not null } => "unwell",
        _ => "ready",
    };

    private static string NameOf(LayerStatus status) => status switch { LayerStatus.Ok => "ok", LayerStatus.Missing => "missing", _ => "unknown" };
}

/// <summary>The ready containers of one template.</summary>
/// <param name="Min">How many the host keeps without any demand; null from a worker that does not report it.</param>
/// <param name="Max">How many it keeps at most.</param>
internal sealed record PoolJson(string Template, int Parked, int? Min, int? Max)
{
    public static PoolJson Of(string template, HostLoad load) =>
        load.Pools.TryGetValue(template, out var bounds) ? new(template, load.Parked.GetValueOrDefault(template), bounds.Min, bounds.Max) : new(template, load.Parked.GetValueOrDefault(template), null, null);
}

/// <summary>All hosts.</summary>
internal sealed record HostListJson(IReadOnlyList<HostJson> Hosts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HostListJson))]
[JsonSerializable(typeof(HostJson))]
internal sealed partial class HostJsonContext : JsonSerializerContext;
