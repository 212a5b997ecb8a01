namespace Podflare;

internal sealed record DirectoryBody(string Path, bool Parents, string? Mode);

internal sealed record MoveBody(string From, string To, bool Overwrite, bool Parents, bool? Recursive);
