using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podflare;

/// <summary>What a new tenant is like.</summary>
public sealed record TenantOptions
{
    /// <summary>A name for people. Default: the ID.</summary>
    public string? Name { get; init; }

    /// <summary>The limits that differ from the server's defaults.</summary>
    public TenantLimits? Limits { get; init; }

    internal byte[] ToJson(string tenantId)
    {
        var body = new JsonObject { ["id"] = tenantId };
        if (Name is not null) body["name"] = Name;
        if (Limits is not null) body["limits"] = JsonSerializer.SerializeToNode(Limits, ClientJson.Default.TenantLimits);
        return JsonSerializer.SerializeToUtf8Bytes(body, ClientJson.Default.JsonObject);
    }
}

/// <summary>A change of a tenant. What is not set stays as it is.</summary>
/// <example>
/// <code>
/// await client.Tenants.UpdateAsync("acme", new TenantUpdate { Limits = new TenantLimits { Sandboxes = 50 }, LimitsToReset = ["running"] });
/// </code>
/// </example>
public sealed record TenantUpdate
{
    /// <summary>A name for people.</summary>
    public string? Name { get; init; }

    /// <summary><see cref="TenantState.Suspended"/> refuses all keys of the tenant, <see cref="TenantState.Active"/> accepts them again.</summary>
    public TenantState? State { get; init; }

    /// <summary>Whether its sandboxes are also ended. Needs <see cref="TenantState.Suspended"/>.</summary>
    public bool EndSandboxes { get; init; }

    /// <summary>Limits to set. A limit that is null stays as it is.</summary>
    public TenantLimits? Limits { get; init; }

    /// <summary>The names of limits, as in the API, that the server's default applies to again, such as <c>memory_mib</c>.</summary>
    public IReadOnlyList<string> LimitsToReset { get; init; } = [];

    internal byte[] ToJson()
    {
        if (State is not (null or TenantState.Active or TenantState.Suspended)) throw new ArgumentOutOfRangeException(nameof(State), State, "The state must be Active or Suspended.");
        if (EndSandboxes && State is not TenantState.Suspended) throw new ArgumentException($"{nameof(EndSandboxes)} needs the state {nameof(TenantState.Suspended)}.");
        var body = new JsonObject();
        if (Name is not null) body["name"] = Name;
        if (State is { } state) body["state"] = ArgumentChecks.Word(state, nameof(State));
        if (EndSandboxes) body["end_sandboxes"] = true;
        if (Limits is not null || LimitsToReset.Count > 0)
        {
            var limits = Limits is null ? [] : JsonSerializer.SerializeToNode(Limits, ClientJson.Default.TenantLimits)!.AsObject();
            foreach (var name in LimitsToReset)
            {
                if (!limits.TryAdd(name, null)) throw new ArgumentException($"The limit '{name}' is set and reset.");
            }

            body["limits"] = limits;
        }

        return JsonSerializer.SerializeToUtf8Bytes(body, ClientJson.Default.JsonObject);
    }
}
