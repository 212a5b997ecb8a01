using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Metadata;
using Orleans.Streams;
using Podflare.Sandboxes;

namespace Podflare.Streaming;

/// <summary>
/// The stream provider <c>runs</c>. A stream is one run: namespace = tenant, key = <c>{sandbox}/{run}</c>, items are batches of rendered
/// events. The sandbox's grain produces and keeps them; a subscription starts <b>after</b> the token's sequence number, from the
/// beginning without a token, and ends after the exit. Neither implicit nor stored subscriptions exist.
/// </summary>
public sealed class RunStreamProvider(IServiceProvider services) : IStreamProvider, ISiloStatusListener
{
    /// <summary>The provider's name.</summary>
    public const string ProviderName = "runs";

    /// <summary>Filter data of a subscription whose run may not be there yet.</summary>
    public const string ExpectStart = "start";

    // Orleans holds observers weakly: these are what keeps them alive.
    private readonly ConcurrentDictionary<Guid, RunInbox> _live = new();
    private (GrainType Grain, GrainInterfaceType Interface)? _producer;
    private int _watching;

    public string Name => ProviderName;

    public bool IsRewindable => true;

    /// <summary>Subscriptions of this process under way.</summary>
    public int Live => _live.Count;

    internal RunReaderOptions Options { get; } = services.GetRequiredService<IOptions<RunReaderOptions>>().Value;

    internal TimeProvider Time { get; } = services.GetRequiredService<TimeProvider>();

    internal ILogger Logger { get; } = services.GetRequiredService<ILogger<RunStreamProvider>>();

    internal ConcurrentDictionary<Guid, RunStreamHandle> Handles { get; } = new();

    // Resolved late: the cluster client is being built when providers are.
    private IGrainFactory Grains => services.GetRequiredService<IGrainFactory>();

    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not <see cref="EventBatch"/>.</exception>
    /// <exception cref="FormatException">The id does not name a run.</exception>
    public IAsyncStream<T> GetStream<T>(StreamId streamId) =>
        new RunStream(this, streamId) as IAsyncStream<T> ?? throw new ArgumentException($"The streams of {Name} carry {nameof(EventBatch)}.");

    internal IRunStreamExtension Producer(SandboxId sandbox)
    {
        // Orleans finds the interface's id by reflection, each time anew.
        if (_producer is not { } producer)
        {
            producer = (services.GetRequiredService<RunProducer>().Type, services.GetRequiredService<GrainInterfaceTypeResolver>().GetGrainInterfaceType(typeof(IRunStreamExtension)));
            _producer = producer;
        }

        return (IRunStreamExtension)Grains.GetGrain(GrainId.Create(producer.Grain, IdSpan.Create(sandbox.Value)), producer.Interface);
    }

    internal ISandboxGrain Sandbox(SandboxId sandbox) => Grains.GetGrain<ISandboxGrain>(sandbox.Value);

    internal IRunSubscriber Enter(Guid id, RunInbox inbox)
    {
        if (_live.Count >= Options.MaxReaders) throw new TooManyReadersException(Options.MaxReaders);
        Watch();
        var reference = Grains.CreateObjectReference<IRunSubscriber>(inbox);
        _live[id] = inbox;
        return reference;
    }

    internal void Leave(Guid id, IRunSubscriber reference)
    {
        _live.TryRemove(id, out _);
        Grains.DeleteObjectReference<IRunSubscriber>(reference);
    }

    /// <summary>A dead silo's producers tell nobody. Whose they were is not known here, and asking again is cheap: all readers do.</summary>
    void ISiloStatusListener.SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status is SiloStatus.Dead) OnGatewayLost();
    }

    /// <summary>An external client hears of a lost gateway alone: the silo may have had producers of ours, and its other ones cannot reach us by it.</summary>
    public void OnGatewayLost()
    {
        foreach (var inbox in _live.Values) inbox.Break(InboxBreak.SiloLost);
    }

    /// <summary>Silos hear of lost silos at once; an external client has no membership, see <see cref="OnGatewayLost"/>.</summary>
    private void Watch()
    {
        if (Interlocked.Exchange(ref _watching, 1) == 0) services.GetService<ISiloStatusOracle>()?.SubscribeToSiloStatusEvents(this);
    }
}
