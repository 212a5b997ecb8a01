using Microsoft.Data.Sqlite;

namespace Podflare.Storage;

/// <summary>One row of a result, read by column number.</summary>
internal readonly struct Row(SqliteDataReader reader)
{
    public string Text(int column) => reader.GetString(column);

    public string? NullableText(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public long Long(int column) => reader.GetInt64(column);

    public int Int(int column) => reader.GetInt32(column);

    public long? NullableLong(int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    public double Double(int column) => reader.GetDouble(column);

    public double? NullableDouble(int column) => reader.IsDBNull(column) ? null : reader.GetDouble(column);

    public bool Flag(int column) => reader.GetInt64(column) != 0;

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

    public DateTimeOffset? NullableTime(int column) => reader.IsDBNull(column) ? null : Time(column);

    public byte[] Bytes(int column) => (byte[])reader.GetValue(column);

    public T Name<T>(int column) where T : struct, Enum => Enum.Parse<T>(reader.GetString(column));
}
