using System.Buffers;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Sends events as they are stored: one JSON document per line.</summary>
/// <param name="suffix">Keys to add at the end of each event, with a leading comma; empty for none.</param>
internal sealed class NdjsonFormatter(ReadOnlyMemory<byte> suffix = default) : EventFormatter
{
    public override void Write(EventBatch batch, IBufferWriter<byte> to)
    {
        if (suffix.IsEmpty)
        {
            to.Write(batch.Utf8);
            return;
        }

        for (var i = 0; i < batch.Ends.Length; i++)
        {
            to.Write(Line(batch, i)[..^"}\n".Length]);
            to.Write(suffix.Span);
            to.Write("}\n"u8);
        }
    }
}
