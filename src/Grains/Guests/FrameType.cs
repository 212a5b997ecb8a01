namespace Podflare.Guests;

/// <summary>The frames of the guest protocol by their number on the wire; unknown ones are skipped.</summary>
internal enum FrameType : byte
{
    Hello = 1,
    Welcome = 2,
    Ack = 3,
    Ping = 4,
    Pong = 5,
    Ready = 6,
    Started = 7,
    Env = 10,
    Run = 11,
    Interrupt = 12,
    Kill = 13,
    Taken = 20,
    Refused = 21,
    Out = 30,
    End = 31,
    File = 40,
    FileData = 41,
    FileNext = 42,
    FileEnd = 43,
    FileCancel = 44,
    FileOpened = 45,
    FileDone = 46,
    FileFailed = 47,
}
