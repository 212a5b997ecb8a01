using System.Buffers;
using System.Text;
using Podflare.EgressProxy.Names;

namespace Podflare.EgressProxy.Connect;

/// <summary>What the head of a proxy request asks for.</summary>
internal enum ConnectVerdict
{
    Valid,

    /// <summary>Not a request in HTTP/1.0 or 1.1.</summary>
    Malformed,

    /// <summary>Not CONNECT.</summary>
    OtherMethod,

    /// <summary>Not port 443.</summary>
    OtherPort,

    /// <summary>The target is an IP address, or not the name of a host.</summary>
    NotAName,
}

/// <summary>The request line of a CONNECT. Header fields are not interpreted.</summary>
/// <param name="Name">The normalized name; empty unless valid.</param>
internal readonly record struct ConnectHead(ConnectVerdict Verdict, string Name)
{
    private const string Port = ":443";
    private static readonly byte[] End = "\r\n\r\n"u8.ToArray();

    /// <summary>Finds the end of the head.</summary>
    /// <param name="head">The head without the empty line at its end.</param>
    /// <param name="consumed">The position after the empty line.</param>
    public static bool TryTake(ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> head, out SequencePosition consumed)
    {
        var reader = new SequenceReader<byte>(buffer);
        var found = reader.TryReadTo(out head, End.AsSpan());
        consumed = reader.Position;
        return found;
    }

    public static ConnectHead Parse(ReadOnlySequence<byte> head)
    {
        var reader = new SequenceReader<byte>(head);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8)) line = head;
        foreach (var segment in line)
        {
            if (segment.Span.ContainsAnyExceptInRange((byte)' ', (byte)'~')) return new(ConnectVerdict.Malformed, "");
        }

        if (Encoding.ASCII.GetString(line).Split(' ') is not [var method, var target, "HTTP/1.1" or "HTTP/1.0"]) return new(ConnectVerdict.Malformed, "");
        if (method != "CONNECT") return new(ConnectVerdict.OtherMethod, "");
        if (!target.EndsWith(Port, StringComparison.Ordinal)) return new(ConnectVerdict.OtherPort, "");
        return HostName.Normalize(target.AsSpan()[..^Port.Length]) is { } name ? new(ConnectVerdict.Valid, name) : new(ConnectVerdict.NotAName, "");
    }
}
