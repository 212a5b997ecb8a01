using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Docker.DotNet;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Egress;
using Podflare.EgressProxy.Settings;
using Podflare.Guests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>A worker's share of a real engine: a host of its own, whose containers are gone when the tests are over.</summary>
public sealed class EngineBench : IAsyncLifetime
{
    private static readonly ImmutableSortedDictionary<string, string> NoEnv = ImmutableSortedDictionary<string, string>.Empty;

    private readonly DirectoryInfo _root;

    public EngineBench()
    {
        _root = Environment.GetEnvironmentVariable("PODFLARE_TEST_FOLDER") is { Length: > 0 } folder
            ? Directory.CreateDirectory(Path.Combine(folder, Hex()))
            : Directory.CreateTempSubdirectory("pf-");
        Folder = RunFolder.Open(_root.FullName, Hex());
        Owner = new HostIdentity(Environment.GetEnvironmentVariable("PODFLARE_TEST_CLUSTER") ?? $"test-{Hex()}", Folder.HostId);
        Users = new SandboxUsers(Options.Create(new IsolationOptions()), Owner, Folder);
        var egress = Options.Create(new EgressOptions());
        var proxy = new EgressProxySupervisor(
            egress, Options.Create(new ProxyOptions()), new EgressFolder(Path.Combine(Folder.Path, "egress")), TimeProvider.System, NullLogger<EgressProxySupervisor>.Instance);
        Egress = new EgressNetwork(egress, proxy, TimeProvider.System, NullLogger<EgressNetwork>.Instance);
        Runtime = With(new EngineOptions());
        Listener = Listen();
    }

    public RunFolder Folder { get; }

    public HostIdentity Owner { get; }

    public DockerRuntime Runtime { get; }

    public GuestListener Listener { get; }

    public EgressNetwork Egress { get; }

    public DockerClient Docker { get; } = new DockerClientBuilder().WithEndpoint(new Uri(new EngineOptions().Endpoint)).Build();

    public DockerRuntime With(EngineOptions options) =>
        new(Owner, Folder, Options.Create(options), Options.Create(new IsolationOptions()), Egress, TimeProvider.System, NullLogger<DockerRuntime>.Instance);

    /// <summary>A worker that listens in the same folder, as after a restart.</summary>
    public GuestListener Listen() => new(Folder, Options.Create(new GuestOptions()), TimeProvider.System, NullLogger<GuestListener>.Instance);

    public SandboxUsers Users { get; }

    /// <summary>A container with a user of its own.</summary>
    public ContainerSpec Spec()
    {
        var spec = ContainerSpec.Of(SandboxId.New(Owner.Host), TemplateOptions.Default, new TemplateOptions()[TemplateOptions.Default]);
        return spec with { User = Users.Take(spec.Sandbox, spec.Home) };
    }

    /// <summary>Starts a container, and waits for its guest.</summary>
    public async Task<(string Container, GuestPort Port)> StartAsync(ContainerSpec spec)
    {
        var port = Listener.Open(spec.Sandbox);
        var container = await Runtime.StartAsync(spec, TestContext.Current.CancellationToken);
        await port.WaitReadyAsync(TestContext.Current.CancellationToken);
        return (container, port);
    }

    public static StartGuestRun Run(string code, RunLanguage language = RunLanguage.Python) =>
        new(RunId.New(), language, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5), NoEnv, Encoding.UTF8.GetBytes(code));

    /// <summary>Runs code and gives its output.</summary>
    /// <param name="events">The sandbox's reader.</param>
    public static async Task<string> OutputAsync(GuestPort port, ChannelReader<GuestEvent> events, string code, RunLanguage language = RunLanguage.Python)
    {
        var run = Run(code, language);
        Assert.IsType<GuestTaken>(await port.SendAsync(run, TestContext.Current.CancellationToken));
        var output = new StringBuilder();
        while (await events.ReadAsync(TestContext.Current.CancellationToken) is var item)
        {
            if (item is GuestOutput piece) output.Append(Encoding.UTF8.GetString(piece.Bytes.Span));
            if (item is not GuestRunEnded end) continue;
            Assert.True(end.Run == run.Run && end.Code == 0, $"{end} after {output}");
            port.Acknowledge(end.Number);
            break;
        }

        return output.ToString().TrimEnd('\n');
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var container in await Runtime.ListAsync(CancellationToken.None)) await Runtime.RemoveAsync(container.Id, CancellationToken.None);
        await Listener.DisposeAsync();
        Runtime.Dispose();
        Docker.Dispose();
        Folder.Dispose();
        _root.Delete(recursive: true);
    }

    private static string Hex() => RandomNumberGenerator.GetHexString(8, lowercase: true);
}
