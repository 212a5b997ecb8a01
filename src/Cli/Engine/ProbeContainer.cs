using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Podflare.Cli.Engine;

/// <summary>
/// Runs Python code in an image as a sandbox would run it: no network, nothing to write to but two tmpfs, an unprivileged user without capabilities.
/// eng/build-images.sh checks its images in the same way, which a test compares.
/// </summary>
internal sealed class ProbeContainer(EngineClient engine)
{
    private const int MaxOutputBytes = 64 * 1024;
    private const int FrameHeaderBytes = 8;

    // A number that no image knows, as those of sandboxes are.
    private const int User = 1_879_048_192;
    private static readonly TimeSpan RemoveLimit = TimeSpan.FromSeconds(30);

    /// <returns>The exit code, and what was written to stdout and stderr, at most 64 KiB.</returns>
    public async Task<(int ExitCode, string Output)> RunAsync(string image, string code, CancellationToken cancellationToken)
    {
        var created = await engine.PostAsync("/containers/create", Settings(image, code), cancellationToken);
        var id = created["Id"]!.ToString();
        try
        {
            await engine.PostAsync($"/containers/{id}/start", null, cancellationToken);
            using var waited = await engine.OpenAsync(HttpMethod.Post, $"/containers/{id}/wait", null, cancellationToken);
            var ended = JsonNode.Parse(await waited.Content.ReadAsByteArrayAsync(cancellationToken))!;
            using var logs = await engine.OpenAsync(HttpMethod.Get, $"/containers/{id}/logs?stdout=1&stderr=1", null, cancellationToken);
            return ((int)ended["StatusCode"]!, await ReadAsync(await logs.Content.ReadAsStreamAsync(cancellationToken), cancellationToken));
        }
        finally
        {
            using var limit = new CancellationTokenSource(RemoveLimit);
            await engine.DeleteAsync($"/containers/{id}?force=1&v=1", limit.Token);
        }
    }

    internal static JsonObject Settings(string image, string code) => new()
    {
        ["Image"] = image,
        ["Cmd"] = new JsonArray("python3", "-c", code),
        ["User"] = $"{User}:{User}",
        ["HostConfig"] = new JsonObject
        {
            ["NetworkMode"] = "none",
            ["ReadonlyRootfs"] = true,
            ["CapDrop"] = new JsonArray("ALL"),
            ["SecurityOpt"] = new JsonArray("no-new-privileges"),
            ["Tmpfs"] = new JsonObject { ["/root"] = $"uid={User},gid={User},mode=0755,exec,size=16m", ["/tmp"] = "exec,size=16m" },
            ["Memory"] = 512L << 20,
            ["PidsLimit"] = 128,
            // The engine's own driver may write elsewhere.
            ["LogConfig"] = new JsonObject { ["Type"] = "json-file" },
        },
    };

    /// <summary>Both streams of a log in their order. Each piece has a header: the stream, and the length in the last four bytes.</summary>
    private static async Task<string> ReadAsync(Stream log, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        var header = new byte[FrameHeaderBytes];
        while (output.Length < MaxOutputBytes && await log.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) == header.Length)
        {
            var piece = new byte[Math.Min(BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)), MaxOutputBytes)];
            await log.ReadExactlyAsync(piece, cancellationToken);
            output.Write(piece);
        }

        return Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length);
    }
}
