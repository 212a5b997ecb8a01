using System.Text.Json.Serialization;

namespace Podflare.Agents;

/// <summary>What a session remembers of its sandbox.</summary>
internal sealed class ConversationState
{
    public string? SandboxId { get; set; }

    /// <summary>The context of the session in a sandbox that it shares with others.</summary>
    public string? ContextId { get; set; }
}

[JsonSerializable(typeof(ConversationState))]
internal sealed partial class ConversationJson : JsonSerializerContext;
