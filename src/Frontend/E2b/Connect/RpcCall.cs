using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Podflare.Http;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.E2b.Connect;

/// <summary>A remote procedure call of a sandbox's client.</summary>
/// <param name="Folder">Absolute path of the user's folder, in which relative paths begin.</param>
internal sealed record RpcCall(HttpContext Context, TenantId Tenant, SandboxId Sandbox, string Folder)
{
    private const string Basic = "Basic ";

    public CancellationToken Aborted => Context.RequestAborted;

    /// <exception cref="RpcException">The user does not exist.</exception>
    public static RpcCall Of(HttpContext context, SandboxId sandbox, Caller caller)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var user = header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase) ? UserOf(header[Basic.Length..]) : "";
        return new RpcCall(context, caller.Tenant, sandbox, SandboxUser.FolderOf(user, context.Features.GetRequiredFeature<SandboxAccess>()) ?? throw new RpcException("unauthenticated", $"invalid username: '{user}'"));
    }

    private static string UserOf(string encoded)
    {
        const int most = 256;
        Span<byte> bytes = stackalloc byte[most];
        return Convert.TryFromBase64String(encoded.Trim(), bytes, out var length) ? Encoding.UTF8.GetString(bytes[..length]).Split(':')[0] : throw new RpcException("unauthenticated", "invalid credentials");
    }
}
