using System.Reflection;

namespace Podflare.Processes;

/// <summary>The version of this program.</summary>
public static class ProductVersion
{
    /// <summary>As in <c>1.2.3</c>, without the commit.</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
