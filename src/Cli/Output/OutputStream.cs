using System.Buffers;
using System.Text;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Output;

/// <summary>Stdout or stderr as raw UTF-8, buffered until it is flushed or full.</summary>
internal sealed class OutputStream(Stream to, int descriptor)
{
    private const int BufferBytes = 64 * 1024;
    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly Lock _lock = new();

    public void Write(string text)
    {
        lock (_lock)
        {
            Encoding.UTF8.GetBytes(text, _pending);
            if (_pending.WrittenCount >= BufferBytes) FlushPending();
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _pending.Write(bytes);
            if (_pending.WrittenCount >= BufferBytes) FlushPending();
        }
    }

    public void Flush()
    {
        lock (_lock) FlushPending();
    }

    private void FlushPending()
    {
        if (_pending.WrittenCount == 0) return;
        try
        {
            to.Write(_pending.WrittenSpan);
            to.Flush();
        }
        catch (IOException e)
        {
            throw new BrokenPipeException(e);
        }
        finally
        {
            _pending.ResetWrittenCount();
        }

        // The console's stream reports success for a broken pipe.
        if (Descriptor.IsReaderGone(descriptor)) throw new BrokenPipeException();
    }
}
