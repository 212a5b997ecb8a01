using System.Text.Json;

namespace Podflare.Pure.Architecture;

/// <summary>A service that uses the grain client gets no part of the server.</summary>
public sealed class GrainClientDependencyTests
{
    private static readonly string[] Allowed = ["Podflare.GrainClient", "Podflare.Grains.Abstractions", "Podflare.Streaming"];
    private static readonly string[] Server = ["Docker", "OpenTelemetry", "Microsoft.Orleans.Server", "Microsoft.Orleans.OrleansTelemetry", "Microsoft.Orleans.Reminders", "Microsoft.Orleans.Persistence", "Google", "Grpc"];

    [Fact]
    public void The_grain_client_depends_on_no_server_package()
    {
        // Next to this project's own output: bin/<project>/<configuration>.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var file = Path.Combine(configuration.Parent!.Parent!.FullName, "GrainClient", configuration.Name, "Podflare.GrainClient.deps.json");
        using var dependencies = JsonDocument.Parse(File.ReadAllText(file));
        var names = dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/')[0]).ToArray();

        Assert.Contains("StackExchange.Redis", names);
        Assert.DoesNotContain(names, name => Server.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)));
        Assert.DoesNotContain(names, name => name.StartsWith("Podflare.", StringComparison.Ordinal) && !Allowed.Contains(name.Replace(".Reference", "", StringComparison.Ordinal)));
    }
}
