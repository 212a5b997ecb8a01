using Podflare.Sandboxes;

namespace Podflare.E2b;

/// <summary>Ids of sandboxes as clients of E2B know them: without the underscore, which their checks and host names do not allow.</summary>
internal static class PublicSandboxId
{
    private const string Native = "sbx_";
    private const string Public = "sbx";

    public static string Of(SandboxId id) => Public + id.Value[Native.Length..];

    /// <summary>Accepts both forms.</summary>
    public static bool TryParse(string? text, out SandboxId id)
    {
        id = default;
        if (text is null || !text.StartsWith(Public, StringComparison.Ordinal)) return false;
        return SandboxId.TryParse(text.StartsWith(Native, StringComparison.Ordinal) ? text : Native + text[Public.Length..], null, out id);
    }

    /// <exception cref="SandboxNotFoundException">It is not the id of a sandbox.</exception>
    public static SandboxId Parse(string? text) => TryParse(text, out var id) ? id : throw new SandboxNotFoundException();
}
