using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>The labels of our containers. They cannot change after a container was made.</summary>
internal static class ContainerLabels
{
    public const string Cluster = "podflare.cluster";
    public const string Host = "podflare.host";
    public const string Sandbox = "podflare.sandbox";
    public const string Template = "podflare.template";

    public static Dictionary<string, string> Of(HostIdentity owner, ContainerSpec spec) => new()
    {
        [Cluster] = owner.Cluster,
        [Host] = owner.Host,
        [Sandbox] = spec.Sandbox.Value,
        [Template] = spec.Template,
    };

    /// <summary>An engine filter that only containers of <paramref name="owner"/> pass.</summary>
    public static Dictionary<string, bool> FilterOf(HostIdentity owner) => new()
    {
        [$"{Cluster}={owner.Cluster}"] = true,
        [$"{Host}={owner.Host}"] = true,
    };

    /// <summary>The sandbox that a container was made for.</summary>
    public static bool TryRead(IDictionary<string, string> labels, out SandboxId sandbox, out string template)
    {
        template = labels.TryGetValue(Template, out var name) ? name : "";
        sandbox = default;
        return labels.TryGetValue(Sandbox, out var id) && SandboxId.TryParse(id, null, out sandbox);
    }
}
