namespace Podflare.Guests;

/// <summary>A guest broke the protocol: its connection is closed. The text names the rule, never what was sent.</summary>
internal sealed class GuestProtocolException(string message, ConnectionEnd end = ConnectionEnd.Malformed) : Exception(message)
{
    public ConnectionEnd End { get; } = end;
}
