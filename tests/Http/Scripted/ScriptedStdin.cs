using System.Threading.Channels;
using Podflare.Runs;

namespace Podflare.Scripted;

/// <summary>The standard input of a scripted run, which counts bytes as a guest does.</summary>
public sealed class ScriptedStdin(bool isOpen)
{
    private readonly Channel<byte[]> _bytes = Channel.CreateBounded<byte[]>(1_000);
    private bool _isOpen = isOpen;

    /// <summary>Bytes that were accepted.</summary>
    public long Offset { get; private set; }

    /// <summary>Answers that are lost after the bytes were accepted.</summary>
    public int LostAnswers { get; set; }

    /// <summary>Whether as many bytes wait as may.</summary>
    public bool IsFull { get; set; }

    public IAsyncEnumerable<byte[]> ReadAllAsync() => _bytes.Reader.ReadAllAsync();

    public long Write(StdinChunk chunk)
    {
        lock (_bytes)
        {
            var skip = chunk.Offset is { } offset ? Offset - offset : 0;
            if (skip < 0) throw new StdinOffsetException(Offset);
            if (skip >= chunk.Bytes.Length && skip > 0 && !chunk.IsEnd) return Offset;
            if (!_isOpen) throw new StdinClosedException();
            if (IsFull) throw new StdinFullException(Offset);
            var bytes = chunk.Bytes[(int)Math.Min(skip, chunk.Bytes.Length)..];
            Offset += bytes.Length;
            _bytes.Writer.TryWrite(bytes);
            if (chunk.IsEnd)
            {
                _isOpen = false;
                _bytes.Writer.Complete();
            }

            if (LostAnswers-- > 0) throw new TimeoutException();
            return Offset;
        }
    }
}
