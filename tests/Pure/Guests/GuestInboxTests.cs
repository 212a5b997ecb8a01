using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>The events of a guest that wait for their reader are bounded in memory, not only on the wire.</summary>
public sealed class GuestInboxTests
{
    // Length, type, number, time, run, stream, and one byte of output.
    private const int SmallestOutput = FrameHeader.Size + 16 + 1 + 1;

    private static readonly RunId Run = RunId.New();

    [Fact]
    public void Tiny_frames_cannot_pile_up_as_objects()
    {
        var options = new GuestOptions();
        var inbox = new GuestInbox(options.MaxPendingBytes);
        ulong count = 0;
        while (inbox.TryAdd(new GuestOutput(count + 1, Run, 0, IsError: false, new byte[1]), SmallestOutput)) count++;

        Assert.InRange(count, 1UL, 260_000UL);
    }

    [Fact]
    public void Everything_that_a_guest_keeps_fits_however_small_its_frames_are()
    {
        const int GuestRingBytes = 8 * 1024 * 1024;
        var inbox = new GuestInbox(new GuestOptions().MaxPendingBytes);

        for (var n = 1UL; n <= GuestRingBytes / SmallestOutput; n++)
            Assert.True(inbox.TryAdd(new GuestOutput(n, Run, 0, IsError: false, new byte[1]), SmallestOutput));
    }
}
