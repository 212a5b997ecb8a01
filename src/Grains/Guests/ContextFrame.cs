using System.Text.Json;

namespace Podflare.Guests;

/// <summary>The JSON of a <c>CONTEXT</c>.</summary>
internal static class ContextFrame
{
    public static byte[] Write(GuestContextRequest request) => JsonSerializer.SerializeToUtf8Bytes(
        new ContextRequestPayload(request.Action.ToString().ToLowerInvariant())
        {
            Id = request.Id?.Value,
            Language = request.Spec is { } wanted ? RunFrame.Language(wanted.Language) : null,
            Cwd = request.Spec?.Cwd,
            Env = request.Spec is { Env.IsEmpty: false } spec ? spec.Env : null,
            Queued = request.Queued ? true : null,
            GraceMs = request.Grace is { } grace ? RequestFrame.Milliseconds(grace) : null,
        },
        GuestJson.Default.ContextRequestPayload);
}
