using System.Buffers;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Serializers;
using Orleans.Serialization.WireProtocol;

namespace Podflare.Files;

/// <summary>A piece of a file, 1 to <see cref="MaxBytes"/> bytes, in a pooled array: a large file would else be so much garbage in each process.</summary>
/// <remarks>
/// Whoever made it gives it back, when nobody can be reading it any more; after a failure nobody knows that, and it is left to the collector. A copy
/// that came over the wire belongs to whoever got it. In one process both ends have the same one, which is its maker's.
/// </remarks>
[Alias("podflare.FileChunk")]
public sealed class FileChunk
{
    /// <summary>Largest piece; one is on its way at a time, in each transfer.</summary>
    public const int MaxBytes = 1024 * 1024;

    private readonly bool _isCopy;
    private byte[]? _array;

    private FileChunk(int length, bool isCopy)
    {
        _array = ArrayPool<byte>.Shared.Rent(length);
        _isCopy = isCopy;
        Length = length;
    }

    /// <summary>Bytes in it.</summary>
    public int Length { get; private set; }

    public Memory<byte> Bytes => (_array ?? throw new ObjectDisposedException(nameof(FileChunk))).AsMemory(0, Length);

    /// <summary>A chunk to be filled.</summary>
    public static FileChunk Rent(int length) => new(length, isCopy: false);

    /// <summary>Where less has come than there was room for.</summary>
    public void Cut(int length) => Length = length;

    /// <summary>By its maker, once: nobody reads it any more.</summary>
    public void Return()
    {
        if (!_isCopy) GiveBack();
    }

    /// <summary>By its receiver, once: it has been read.</summary>
    public void Took()
    {
        if (_isCopy) GiveBack();
    }

    private void GiveBack()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array) ArrayPool<byte>.Shared.Return(array);
    }

    /// <summary>On the wire: the bytes, with their number in front.</summary>
    [RegisterSerializer, RegisterCopier]
    internal sealed class Codec : IFieldCodec<FileChunk?>, IDeepCopier<FileChunk?>
    {
        public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, FileChunk? value)
            where TBufferWriter : IBufferWriter<byte>
        {
            if (ReferenceCodec.TryWriteReferenceField(ref writer, fieldIdDelta, expectedType, value)) return;
            ArgumentNullException.ThrowIfNull(value);
            writer.WriteFieldHeader(fieldIdDelta, expectedType, typeof(FileChunk), WireType.LengthPrefixed);
            writer.WriteVarUInt32((uint)value.Length);
            writer.Write(value.Bytes.Span);
        }

        public FileChunk? ReadValue<TInput>(ref Reader<TInput> reader, Field field)
        {
            if (field.WireType is WireType.Reference) return ReferenceCodec.ReadReference<FileChunk, TInput>(ref reader, field);
            field.EnsureWireType(WireType.LengthPrefixed);
            var length = reader.ReadVarUInt32();
            if (length > MaxBytes) throw new InvalidOperationException($"A chunk of {length} bytes.");
            var chunk = new FileChunk((int)length, isCopy: true);
            reader.ReadBytes(chunk.Bytes.Span);
            ReferenceCodec.RecordObject(reader.Session, chunk);
            return chunk;
        }

        // Within one process the chunk itself is passed on.
        public FileChunk? DeepCopy(FileChunk? input, CopyContext context) => input;
    }
}
