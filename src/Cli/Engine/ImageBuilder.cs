using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Engine;

/// <summary>Builds images with the engine's own builder, which finds bases that exist only locally and needs no plug-in.</summary>
internal sealed class ImageBuilder(EngineClient engine, BuildLog log)
{
    /// <returns>The ID of the new image.</returns>
    /// <exception cref="CliException">A step failed. The message names it.</exception>
    public async Task<string> BuildAsync(ImageRequest request, CancellationToken cancellationToken)
    {
        // Containers of failed steps are removed too.
        var query = $"/build?forcerm=1&dockerfile={Uri.EscapeDataString(request.Dockerfile)}"
            + $"&buildargs={Escape(request.Arguments)}&labels={Escape(request.Labels)}"
            + (request.Network is { } network ? $"&networkmode={Uri.EscapeDataString(network)}" : "")
            + (request.NoCache ? "&nocache=1" : "");
        try
        {
            using var response = await engine.OpenAsync(HttpMethod.Post, query, request.Context, cancellationToken);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            string? id = null;
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Length == 0 || JsonNode.Parse(line) is not JsonObject message) continue;
                if (message["error"] is { } error) throw log.Failed(error.ToString());
                if (message["aux"]?["ID"] is { } image) id = image.ToString();
                if (message["stream"] is { } text) log.Write(text.ToString());
                // A base that is pulled; its progress is not for a log.
                else if (message["status"] is { } status && message["progress"] is null) log.Write($"{(message["id"] is { } layer ? $"{layer}: " : "")}{status}\n");
            }

            return id ?? throw log.Failed("the engine ended the build without an image");
        }
        catch (EngineException e)
        {
            throw log.Failed(e.Message);
        }
        catch (Exception e) when (e is IOException or JsonException && !cancellationToken.IsCancellationRequested)
        {
            throw log.Failed($"the connection to the engine broke: {e.Message}");
        }
    }

    private static string Escape(IReadOnlyDictionary<string, string> pairs)
    {
        var json = new JsonObject();
        foreach (var (name, value) in pairs) json[name] = value;
        return Uri.EscapeDataString(json.ToJsonString());
    }
}
