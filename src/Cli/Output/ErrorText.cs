using System.Globalization;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Output;

/// <summary>What a failure means to a person at a terminal, and what to do about it.</summary>
internal static class ErrorText
{
    /// <param name="sandbox">The sandbox that the command was about, if it was about one.</param>
    public static string Message(Exception e, string? sandbox) => e switch
    {
        // The server's own sentences name the HTTP header, which a user of the command never sees.
        UnauthorizedException { Code: "missing_api_key" } => "The server requires an API key.",
        UnauthorizedException { Code: "invalid_api_key" } => "The server does not accept this API key.",
        SandboxNotFoundException x when sandbox is not null => $"There is no sandbox {sandbox} ({x.Code}).",
        SandboxEndedException { EndedReason: { } reason } x when sandbox is not null => $"Sandbox {sandbox} has ended: {reason.ToString().ToLowerInvariant()} ({x.Code}).",
        SandboxLostException x when sandbox is not null => $"Sandbox {sandbox} was lost together with its host ({x.Code}).",
        _ => Texts.WithoutParameter(e),
    };

    /// <summary>Null if the message says everything.</summary>
    public static string? Advice(Exception e) => e switch
    {
        CliException x => x.Advice,
        PodflareConnectionException => "`podflare doctor` checks the server, the key and Docker.",
        UnauthorizedException => $"Set {GlobalOptions.ApiKeyVariable} to a valid key, or use --api-key or a profile.",
        InsufficientScopeException { Problem.RequiredScopes: { Count: > 0 } scopes } => $"Use a key with the scope{(scopes.Count == 1 ? "" : "s")} {string.Join(" and ", scopes)}.",
        InsufficientScopeException => "Use a key that allows this.",
        SandboxNotFoundException => "`podflare sandbox ls` lists your sandboxes.",
        SandboxEndedException or SandboxLostException => "Create another sandbox with `podflare sandbox create`.",
        SandboxQuotaExceededException => "Delete sandboxes that are no longer needed with `podflare sandbox rm`.",
        TemplateNotFoundException => "Without --template, the server's default template is used. Templates are part of the server's configuration.",
        InvalidRequestException { Errors.Count: > 1 } x => string.Join("; ", x.Errors.Select(error => $"{error.Key} {string.Join(", ", error.Value)}")),
        PodflareApiException { Code: not "unknown", RetryAfter: { } after } => string.Create(CultureInfo.InvariantCulture, $"Try again in {after.TotalSeconds:0.#} s."),
        PodflareProtocolException or PodflareApiException { Code: "unknown" or "not_found" } => "Check that this is the address of a Podflare server. `podflare doctor` shows details.",
        _ => null,
    };
}
