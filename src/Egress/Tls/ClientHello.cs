using System.Buffers.Binary;
using System.Text;

namespace Podflare.EgressProxy.Tls;

/// <summary>How far the bytes at the beginning of a TLS connection could be read.</summary>
internal enum HelloState
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>A whole ClientHello with exactly one host name.</summary>
    Named,

    /// <summary>A whole ClientHello without a host name.</summary>
    Unnamed,

    /// <summary>Not TLS, or a ClientHello that breaks the rules of its format.</summary>
    Invalid,
}

/// <summary>Reads the server name (SNI, RFC 6066) from a ClientHello (RFC 8446) that may be spread over several records.</summary>
internal static class ClientHello
{
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;
    private const int RecordHeader = 5;
    private const int MaxRecord = 1 << 14;
    private const int MessageHeader = 4;
    private const ushort ServerNameExtension = 0;
    private const byte HostNameType = 0;

    /// <param name="bytes">All that was received so far.</param>
    /// <param name="name">The server name as it was sent, in ASCII; empty unless <see cref="HelloState.Named"/>.</param>
    public static HelloState Read(ReadOnlySpan<byte> bytes, out string name)
    {
        name = "";
        // The usual case is one record, which needs no copy.
        var message = new byte[bytes.Length];
        var length = 0;
        for (var rest = bytes; ;)
        {
            if (length >= MessageHeader)
            {
                if (message[0] != ClientHelloMessage) return HelloState.Invalid;
                var body = (message[1] << 16) | BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(2));
                if (length >= MessageHeader + body) return ReadBody(message.AsSpan(MessageHeader, body), out name);
            }

            if (rest.Length > 0 && rest[0] != HandshakeRecord || rest.Length > 1 && rest[1] != 3) return HelloState.Invalid;
            if (rest.Length < RecordHeader) return HelloState.Incomplete;
            var record = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            if (record is 0 or > MaxRecord) return HelloState.Invalid;
            var there = Math.Min(record, rest.Length - RecordHeader);
            rest.Slice(RecordHeader, there).CopyTo(message.AsSpan(length));
            length += there;
            if (length > 0 && message[0] != ClientHelloMessage) return HelloState.Invalid;
            if (there < record) return HelloState.Incomplete;
            rest = rest[(RecordHeader + record)..];
        }
    }

    private static HelloState ReadBody(ReadOnlySpan<byte> body, out string name)
    {
        name = "";
        var reader = new Fields(body);
        // Version and random, session id, cipher suites, compression methods.
        if (!reader.Skip(2 + 32) || !reader.Take8(out _) || !reader.Take16(out _) || !reader.Take8(out _)) return HelloState.Invalid;
        if (reader.IsEmpty) return HelloState.Unnamed;
        if (!reader.Take16(out var extensions) || !reader.IsEmpty) return HelloState.Invalid;
        var found = false;
        for (var list = new Fields(extensions); !list.IsEmpty;)
        {
            if (!list.Number(out var type) || !list.Take16(out var data)) return HelloState.Invalid;
            if (type != ServerNameExtension) continue;
            // A second one would be a second opinion for the server.
            if (found || !ReadName(data, out name)) return HelloState.Invalid;
            found = true;
        }

        return found ? HelloState.Named : HelloState.Unnamed;
    }

    private static bool ReadName(ReadOnlySpan<byte> data, out string name)
    {
        name = "";
        var extension = new Fields(data);
        if (!extension.Take16(out var names) || !extension.IsEmpty) return false;
        var list = new Fields(names);
        if (!list.Byte(out var type) || type != HostNameType || !list.Take16(out var host) || !list.IsEmpty || host.IsEmpty) return false;
        if (host.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return false;
        name = Encoding.ASCII.GetString(host);
        return true;
    }

    private ref struct Fields(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public readonly bool IsEmpty => _rest.IsEmpty;

        public bool Skip(int count)
        {
            if (_rest.Length < count) return false;
            _rest = _rest[count..];
            return true;
        }

        public bool Byte(out byte value)
        {
            value = _rest.IsEmpty ? default : _rest[0];
            return Skip(1);
        }

        public bool Number(out ushort value)
        {
            value = _rest.Length < 2 ? default : BinaryPrimitives.ReadUInt16BigEndian(_rest);
            return Skip(2);
        }

        /// <summary>A field with its length in one byte in front.</summary>
        public bool Take8(out ReadOnlySpan<byte> value)
        {
            value = default;
            return Byte(out var length) && Take(length, out value);
        }

        /// <summary>A field with its length in two bytes in front.</summary>
        public bool Take16(out ReadOnlySpan<byte> value)
        {
            value = default;
            return Number(out var length) && Take(length, out value);
        }

        private bool Take(int length, out ReadOnlySpan<byte> value)
        {
            value = _rest.Length < length ? default : _rest[..length];
            return Skip(length);
        }
    }
}
