namespace Podflare.Extensions.AI.Interpreter;

/// <summary>The sandboxes of conversations by ID. The oldest is forgotten when there are too many.</summary>
internal sealed class ConversationSandboxes(int max)
{
    private readonly object _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Conversation, string Sandbox)>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Conversation, string Sandbox)> _oldestFirst = new();

    public string? Find(string conversation)
    {
        lock (_lock) return _entries.TryGetValue(conversation, out var entry) ? entry.Value.Sandbox : null;
    }

    public void Set(string conversation, string sandbox)
    {
        lock (_lock)
        {
            if (_entries.Remove(conversation, out var old)) _oldestFirst.Remove(old);
            else if (_entries.Count >= max && _oldestFirst.First is { } oldest)
            {
                _entries.Remove(oldest.Value.Conversation);
                _oldestFirst.Remove(oldest);
            }

            _entries[conversation] = _oldestFirst.AddLast((conversation, sandbox));
        }
    }
}
