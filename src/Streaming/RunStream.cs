using Orleans.Streams;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>One run as an Orleans stream.</summary>
internal sealed class RunStream : IAsyncStream<EventBatch>
{
    private readonly RunStreamProvider _provider;
    private readonly TenantId _tenant;
    private readonly SandboxId _sandbox;
    private readonly RunId _run;

    public RunStream(RunStreamProvider provider, StreamId id)
    {
        (_provider, StreamId) = (provider, id);
        var key = id.GetKeyAsString().Split('/', 2);
        if (key.Length != 2) throw new FormatException("A run stream's key is {sandbox}/{run}.");
        (_tenant, _sandbox, _run) = (new TenantId(id.GetNamespace() ?? ""), SandboxId.Parse(key[0]), RunId.Parse(key[1]));
    }

    public bool IsRewindable => true;

    public string ProviderName => _provider.Name;

    public StreamId StreamId { get; }

    public Task<StreamSubscriptionHandle<EventBatch>> SubscribeAsync(IAsyncObserver<EventBatch> observer) => SubscribeAsync(observer, null);

    public async Task<StreamSubscriptionHandle<EventBatch>> SubscribeAsync(
        IAsyncObserver<EventBatch> observer, StreamSequenceToken? token, string? filterData = null) =>
        await RunStreamHandle.StartAsync(
            this,
            _provider,
            stop => new RunSubscription(_provider, _tenant, _sandbox, _run, token?.SequenceNumber ?? 0, filterData == RunStreamProvider.ExpectStart, pollWhenFull: null, stop),
            observer);

    public Task<StreamSubscriptionHandle<EventBatch>> SubscribeAsync(IAsyncBatchObserver<EventBatch> observer) => SubscribeAsync(observer, null);

    public Task<StreamSubscriptionHandle<EventBatch>> SubscribeAsync(IAsyncBatchObserver<EventBatch> observer, StreamSequenceToken? token) =>
        SubscribeAsync(new SingleItemObserver(observer), token);

    public Task<IList<StreamSubscriptionHandle<EventBatch>>> GetAllSubscriptionHandles() =>
        Task.FromResult<IList<StreamSubscriptionHandle<EventBatch>>>([.. _provider.Handles.Values.Where(s => s.StreamId == StreamId)]);

    public Task OnNextAsync(EventBatch item, StreamSequenceToken? token = null) => throw OnlyTheSandboxPublishes();

    public Task OnNextBatchAsync(IEnumerable<EventBatch> batch, StreamSequenceToken? token = null) => throw OnlyTheSandboxPublishes();

    public Task OnCompletedAsync() => throw OnlyTheSandboxPublishes();

    public Task OnErrorAsync(Exception ex) => throw OnlyTheSandboxPublishes();

    public bool Equals(IAsyncStream<EventBatch>? other) => other is RunStream && other.StreamId == StreamId;

    public override bool Equals(object? obj) => Equals(obj as IAsyncStream<EventBatch>);

    public override int GetHashCode() => StreamId.GetHashCode();

    public int CompareTo(IAsyncStream<EventBatch>? other) => other is null ? 1 : StreamId.CompareTo(other.StreamId);

    private static NotSupportedException OnlyTheSandboxPublishes() =>
        new("The events of a run come from its sandbox alone, which appends them to the event log first.");

    /// <summary>A batch of events is one item here; batch observers get it as such.</summary>
    private sealed class SingleItemObserver(IAsyncBatchObserver<EventBatch> observer) : IAsyncObserver<EventBatch>
    {
        public Task OnNextAsync(EventBatch item, StreamSequenceToken? token = null) =>
            observer.OnNextAsync([new SequentialItem<EventBatch>(item, token!)]);

        public Task OnCompletedAsync() => observer.OnCompletedAsync();

        public Task OnErrorAsync(Exception ex) => observer.OnErrorAsync(ex);
    }
}
