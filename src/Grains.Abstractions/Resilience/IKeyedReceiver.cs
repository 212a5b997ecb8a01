namespace Podflare.Resilience;

/// <summary>Where a <see cref="KeyedSender{TKey, TItem}"/> sends its items.</summary>
public interface IKeyedReceiver<in TKey, in TItem>
{
    /// <summary>Takes all items of a batch, in order. After an exception the whole batch is sent again.</summary>
    Task SendAsync(TKey key, IReadOnlyList<TItem> batch, CancellationToken cancellationToken);

    /// <summary>A batch was not taken, for a reason that does not look as if it passed by itself.</summary>
    void OnFailed(TKey key, Exception exception);

    /// <summary>Too much waits: the item is not sent.</summary>
    void OnDropped(TKey key, TItem item);
}
