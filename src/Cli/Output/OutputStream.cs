using System.Buffers;
using System.Text;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Output;

/// <summary>One of the command's two outputs, as UTF-8 and as it is. It gathers until it is flushed or full.</summary>
internal sealed class OutputStream(Stream to, int descriptor)
{
    private const int Full = 64 * 1024;
    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly Lock _lock = new();

    public void Write(string text)
    {
        lock (_lock)
        {
            Encoding.UTF8.GetBytes(text, _pending);
            if (_pending.WrittenCount >= Full) FlushPending();
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _pending.Write(bytes);
            if (_pending.WrittenCount >= Full) FlushPending();
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
            throw new ReaderLeftException(e);
        }
        finally
        {
            _pending.ResetWrittenCount();
        }

        // The console's stream takes a broken pipe for a success.
        if (Descriptor.IsReaderGone(descriptor)) throw new ReaderLeftException();
    }
}
