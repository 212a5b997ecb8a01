namespace Podflare.E2b;

/// <summary>The users that clients may name. Both are the sandbox's one, unprivileged user; <c>root</c> begins in another folder.</summary>
internal static class SandboxUser
{
    private const string RootFolder = "/root";

    /// <returns>The user's folder; null for a user who does not exist.</returns>
    public static string? FolderOf(string? name, SandboxAccess access) => name switch
    {
        null or "" or "user" => access.Home,
        "root" => RootFolder,
        _ => null,
    };
}
