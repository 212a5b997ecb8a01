using System.Net;
using System.Security.Cryptography;

namespace Podflare.EndToEnd.Files;

/// <summary>A body of so many megabytes, made as it is sent, which may pause in the middle until it is told to go on.</summary>
internal sealed class SteppedContent(int megabytes, int pauseAfter = int.MaxValue, bool announced = true) : HttpContent
{
    private readonly TaskCompletionSource _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when everything before the pause has been given to the socket.</summary>
    public Task Paused => _paused.Task;

    public void GoOn() => _goOn.TrySetResult();

    public static byte[] Megabyte(int number)
    {
        var bytes = new byte[1_000_000];
        new Random(number).NextBytes(bytes);
        return bytes;
    }

    public static string HashOf(int megabytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < megabytes; i++) hash.AppendData(Megabyte(i));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        for (var i = 0; i < megabytes; i++)
        {
            if (i == pauseAfter)
            {
                await stream.FlushAsync();
                _paused.TrySetResult();
                await _goOn.Task;
            }

            await stream.WriteAsync(Megabyte(i));
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = megabytes * 1_000_000L;
        return announced;
    }
}
