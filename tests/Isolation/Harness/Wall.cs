using Docker.DotNet.Models;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Isolation;
using ContainerSpec = Podflare.Containers.ContainerSpec;

[assembly: AssemblyFixture(typeof(Wall))]

namespace Podflare.Isolation;

/// <summary>Starts containers with the settings of a sandbox, or with some of them changed.</summary>
public sealed class Wall : IAsyncLifetime
{
    private readonly EngineBench _bench = new();

    private string? _guest;

    private IReadOnlyDictionary<string, string[]> _layers = new Dictionary<string, string[]>();

    /// <summary>The guest's folder, as containers mount it: with its bytecode.</summary>
    public string Guest => _guest ?? throw new InvalidOperationException("The guest was not compiled.");

    /// <summary>A folder of this test run.</summary>
    public string Folder => _bench.Folder.Path;

    /// <param name="change">Takes a layer away.</param>
    /// <param name="spec">Null: that of the default template.</param>
    public async Task<Cell> StartAsync(Action<CreateContainerParameters>? change = null, ContainerSpec? spec = null)
    {
        spec ??= Spec();
        var settings = ContainerSettings.Of(spec, _bench.Owner, _bench.Folder, _bench.Egress, ContainerIsolation.From(new IsolationOptions()));
        change?.Invoke(settings);
        var port = _bench.Listener.Open(spec.Sandbox);
        var created = await _bench.Docker.Containers.CreateContainerAsync(settings, TestContext.Current.CancellationToken);
        await _bench.Docker.Containers.StartContainerAsync(created.ID, new ContainerStartParameters(), TestContext.Current.CancellationToken);
        await port.WaitReadyAsync(TestContext.Current.CancellationToken);
        return new Cell(created.ID, spec, port);
    }

    public ContainerSpec Spec() => _bench.Spec() with { Guest = Guest };

    public Task RemoveAsync(Cell cell) => _bench.Runtime.RemoveAsync(cell.Container, TestContext.Current.CancellationToken);

    /// <summary>Starts a container, executes an attempt in it, and removes it.</summary>
    /// <returns>The last line that the attempt has printed.</returns>
    public async Task<string> TryAsync(string attempt, Action<CreateContainerParameters>? change = null)
    {
        var cell = await StartAsync(change);
        try
        {
            return await cell.TryAsync(attempt);
        }
        finally
        {
            await RemoveAsync(cell);
        }
    }

    /// <summary>Whether this machine has a layer; where not, why.</summary>
    public (bool Exists, string Why) Find(string layer)
    {
        var state = IsolationProbe.Read(layer, IsolationProbe.DefaultRuntime, _layers, File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
        return (state.Status is LayerStatus.Ok, state.Text);
    }

    public async ValueTask InitializeAsync()
    {
        _layers = (await ReportAsync(_bench.Spec() with { Probe = true })).Isolation ?? _layers;
        var spec = _bench.Spec() with { Bytecode = true };
        var image = await _bench.Runtime.FindImageAsync(spec.Image, CancellationToken.None);
        _guest = new GuestFolders(_bench.Folder).Write(image!, (await ReportAsync(spec)).Bytecode!);
    }

    private async Task<GuestHello> ReportAsync(ContainerSpec spec)
    {
        var port = _bench.Listener.Open(spec.Sandbox);
        var container = await _bench.Runtime.StartAsync(spec, CancellationToken.None);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var hello = await port.WaitReadyAsync(limit.Token);
        await _bench.Runtime.RemoveAsync(container, CancellationToken.None);
        return hello;
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();
}
