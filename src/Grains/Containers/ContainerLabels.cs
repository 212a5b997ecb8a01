using System.Globalization;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>The labels of our containers. They cannot change after a container was made.</summary>
internal static class ContainerLabels
{
    public const string Cluster = "podflare.cluster";
    public const string Host = "podflare.host";
    public const string Sandbox = "podflare.sandbox";
    public const string Template = "podflare.template";

    /// <summary>The memory limit in bytes: a list of containers does not have it otherwise.</summary>
    public const string Memory = "podflare.memory";

    /// <summary>The number of the sandbox's user.</summary>
    public const string User = "podflare.user";

    public static Dictionary<string, string> Of(HostIdentity owner, ContainerSpec spec) => new()
    {
        [Cluster] = owner.Cluster,
        [Host] = owner.Host,
        [Sandbox] = spec.Sandbox.Value,
        [Template] = spec.Template,
        [Memory] = spec.MemoryBytes.ToString(CultureInfo.InvariantCulture),
        [User] = spec.User.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>An engine filter that only containers of <paramref name="owner"/> pass.</summary>
    public static Dictionary<string, bool> FilterOf(HostIdentity owner) => new()
    {
        [$"{Cluster}={owner.Cluster}"] = true,
        [$"{Host}={owner.Host}"] = true,
    };

    public static long MemoryOf(IDictionary<string, string> labels) =>
        labels.TryGetValue(Memory, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;

    /// <returns>0 for a container of a version whose sandboxes all had user 1000.</returns>
    public static int UserOf(IDictionary<string, string> labels) =>
        labels.TryGetValue(User, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var user) ? user : 0;

    /// <summary>The user of a container of any host and cluster.</summary>
    public static TakenUser ReadUser(IDictionary<string, string> labels) => new(
        UserOf(labels), labels.TryGetValue(Cluster, out var cluster) ? cluster : "", labels.TryGetValue(Host, out var host) ? host : "");

    /// <summary>The sandbox that a container was made for.</summary>
    public static bool TryRead(IDictionary<string, string> labels, out SandboxId sandbox, out string template)
    {
        template = labels.TryGetValue(Template, out var name) ? name : "";
        sandbox = default;
        return labels.TryGetValue(Sandbox, out var id) && SandboxId.TryParse(id, null, out sandbox);
    }
}
