using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Podflare.E2b.Connect;

/// <summary>Reads messages of the Connect protocol.</summary>
internal static class RpcMessage
{
    public const string StreamType = "application/connect+json";

    /// <summary>Flags and length in front of a message of a stream.</summary>
    public const int HeadBytes = 5;

    /// <summary>The flag of the last message of a stream.</summary>
    public const byte EndFlag = 2;

    private const byte CompressedFlag = 1;

    /// <summary>Takes the one message of a request from its envelope.</summary>
    /// <exception cref="RpcException">The envelope is not whole, or more than a message.</exception>
    public static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> body, int maxBytes)
    {
        if (body.Length < HeadBytes) throw new RpcException("invalid_argument", "the envelope of the message is incomplete");
        if ((body[0] & CompressedFlag) != 0) throw new RpcException("internal", "compressed messages are not supported");
        if (body[0] != 0) throw new RpcException("invalid_argument", "the envelope of the message has unknown flags");
        var length = BinaryPrimitives.ReadUInt32BigEndian(body[1..]);
        if (length > maxBytes) throw TooLarge(maxBytes);
        var rest = body[HeadBytes..];
        if (rest.Length < length) throw new RpcException("invalid_argument", "the message is incomplete");
        return rest.Length == length ? rest : throw new RpcException("invalid_argument", "there is more than one message");
    }

    /// <exception cref="RpcException">It is too large, or not the JSON that is expected.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type, int maxBytes)
    {
        if (json.Length > maxBytes) throw TooLarge(maxBytes);
        try
        {
            return JsonSerializer.Deserialize(json.IsEmpty ? "{}"u8 : json, type) ?? throw new RpcException("invalid_argument", "the message must be a JSON object");
        }
        catch (JsonException e)
        {
            throw new RpcException("invalid_argument", $"the message is not valid: {(e.Path is { Length: > 0 } path ? path : "it is not JSON")}");
        }
    }

    private static RpcException TooLarge(int maxBytes) => new("resource_exhausted", $"the message is larger than {maxBytes} bytes");
}
